# Planned visits: words
plan-state-countered = Another day named
calendar-view-month = Month
calendar-view-week = Week

# What was done
ledger-visit-counter = The enterprise named another day
ledger-visit-move = Moved a visit
ledger-visit-fulfil = Visited as planned
ledger-visit-join = Joined a planned visit
ledger-visit-leave = Left a planned visit
ledger-visit-feed = Calendar link
notice-visit-countered = { $subject } named another day: { $purpose }
notice-visit-moved = The visit has a new time: { $purpose }
notice-visit-cancelled = The visit is cancelled: { $purpose }
notice-visit-joining = Others come along: { $purpose }
notice-visit-joined = { $name } joined the visit to { $subject }: { $purpose }
notice-visit-left = { $name } left the visit to { $subject }: { $purpose }
todo-plan-countered = The enterprise named another day
todo-plan-unanswered = No answer to a planned visit

# What does not hold
invalid-over_cap = There are { $n } visits on the spot within { $days } days already: telephone, join a planned visit, or say why you come all the same
invalid-same_time = The time is the same
conflict-plan_joined = You go along already
conflict-plan_not_joined = You do not go along

# Pages
plans-unanswered = No answer
plans-over-cap = Too often
plan-other-at = Another day
field-other_at = Another day
plan-counter = Name another day
plan-answer = Answer
plan-move = Move
plan-together = Together
plan-together-line = Other departments can join this visit instead of coming on another day.
plan-join-line = The enterprise and the planner will be told.
plan-join = Join this visit
plan-leave = Leave this visit
plan-over-cap = More often than the zone has settled
plan-link = No account
plan-link-line = Send this link to the enterprise: it can agree, name another day or decline without signing in.
plan-link-open = Link for the enterprise
invitation = A visit
invitation-line = { $zone } would like to visit { $subject }
invitation-free = You may agree, name another day or decline. Nothing has to be prepared.
invitation-over = This visit is settled; no answer is needed.
calendar = Calendar of visits
calendar-month = { $year }-{ $month }
calendar-week = Week of { $day }
calendar-count = { $n } planned
calendar-by-month = Month
calendar-by-week = Week
calendar-mine = Mine
calendar-person = Person
calendar-turn = Turn the page
calendar-before = Back
calendar-today = Today
calendar-after = On
calendar-none = Nothing is planned in these days.
feed = In your own calendar
feed-line = Give this link to the calendar of your telephone or computer. It is yours alone: whoever has it reads it, so revoke it when it got about.
feed-link = My calendar link
feed-open = Make a link
feed-renew = Make a new link
feed-revoke = Revoke the link
flash-plan-moved = Moved; the enterprise is told.
flash-plan-joined = You go along.
flash-plan-left = You no longer go along.
flash-feed-set = The calendar link has changed.
settings-visits = Rules of visits
settings-visits-line = Visits are not counted against officers, and enterprises are not visited over and over.
field-cap = At most so many visits on the spot
help-cap = To one enterprise within the days below, all departments together; 0 for no bound. Telephone and video do not count, emergencies are exempt
field-cap_days = Within so many days
field-answer_days = Remind the planner after so many days
help-answer_days = Visits that the enterprise has not answered are listed for the planner after these days
