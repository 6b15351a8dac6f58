# Limits and the ladder
profile-shandong_12345 = Shandong, hotline 12345
profile-shanghai_sme = Shanghai, small enterprises
profile-shenzhen_2020 = Shenzhen 2020
profile-xuchang_2025 = Xuchang 2025 (by grade)
profile-xuchang_2011 = Xuchang 2011
profile-anyang_12345 = Anyang, hotline 12345
profile-bureau_example = A bureau's hotline (example)
limit-grade-difficult = Difficult
limit-grade-policy_question = Questions on policy
limit-grade-cross_department = Class B (across departments)
limit-grade-historic = Class A (inherited)
limit-grade-investigated = Suggestions, complaints, reports
limit-grade-emergency = Critical
limit-grade-by-hand = (chosen at dispatch)
limit-grade-by-rule = (by what it is)
limit-same-day = the same day
limit-working-days = { $n ->
    [one] 1 working day
   *[other] { $n } working days
  }
limit-calendar-days = { $n ->
    [one] 1 day
   *[other] { $n } days
  }
limit-months = { $n ->
    [one] 1 month
   *[other] { $n } months
  }
limit-hours = { $n ->
    [one] 1 hour
   *[other] { $n } hours
  }
limit-office-hours = { $n ->
    [one] 1 office hour
   *[other] { $n } office hours
  }
limit-minutes = { $n ->
    [one] 1 minute
   *[other] { $n } minutes
  }
limit-users = Used for
limit-usual = all others
limit-period = Version and validity
limit-open = Open
limit-version = Version { $n }
limit-version-own = the program's own
limit-since = since { $at }
limit-until = until { $at }
limit-planned = Version { $n } from { $at }
limit-no-extension = none
limit-ask-before = Extensions are asked for so many working days ahead
limit-ask-before-n = Extensions are asked for { $n ->
    [one] 1 working day
   *[other] { $n } working days
  } before the end
limit-mark = ＊ The source says nothing; the program's own. The longest time is in the unit of the limit to finish.
limit-from = Holds from
limit-from-help = Empty means at once. With a time to come, what is registered before keeps the present version.
limit-retime = Open appeals take the new version too
limit-retime-help = Usually not: what runs is finished by the version it was registered with. If so, every deadline is reckoned again; what was waited for stays out, what an enterprise was told does not come nearer.
limit-look = See what it does
limit-look-again = Look again
limit-preview = What it does (nothing is saved yet)
limit-confirm = Confirm
limit-reason = Reason for the change
limit-none-open = No open appeal has this profile.
limit-keeps = { $n ->
    [one] 1 open appeal keeps
   *[other] { $n } open appeals keep
  } { $version ->
    [0] the program's own version
   *[other] version { $version }
  }.
limit-gives-up = { $n ->
    [one] 1 open appeal gives up
   *[other] { $n } open appeals give up
  } { $version ->
    [0] the program's own version
   *[other] version { $version }
  } for the new one.
limit-replaced = Version { $n }, which was to hold from { $at }, never will.
limit-no-difference = Nothing is another than in the present version.
limit-for-new = What is another for new appeals
limit-figure = What
limit-before = Now
limit-after = Then
limit-no-shift = No deadline moves.
limit-shifts = { $n ->
    [one] 1 deadline moves
   *[other] { $n } deadlines move
  }
limit-due-before = Due now
limit-due-after = Due then
limit-over-at-once = over at once
limit-recused = (recused)
limit-rules = Which appeals take which profile
limit-rules-line = From the top: the first that fits decides, at registration, and it stays.
limit-rules-rest = What no rule fits takes “{ $profile }” (set under General).
limit-rules-edit = Change the rules
settings-ladder = Reminders and supervision
ladder-line = When a deadline comes near or passes, the program reminds, urges and supervises by itself. Each step once.
ladder-how = After a standstill of the program only the highest step acts; a step put in below reminds nobody afterwards; while something is waited for nothing runs.
ladder-edit = Change the steps
ladder-rung = Step { $n }
ladder-when = When
ladder-number = Working days or percent
ladder-deed = What it does
ladder-reaches = Whom it reaches
ladder-example = An example
ladder-start = Registered
ladder-days = Limit (working days)
ladder-begins = Registered { $at },
ladder-due = due { $at }:
ladder-fires = Reached
ladder-look = See when each is reached
ladder-save = Save the steps
ladder-at-end = when it is over
ladder-at-before = { $n ->
    [one] 1 working day
   *[other] { $n } working days
  } before
ladder-at-after = { $n ->
    [one] 1 working day
   *[other] { $n } working days
  } after
ladder-at-share = { $n }% of the time used
ladder-point-before = Before the end (working days)
ladder-point-end = At the end
ladder-point-after = After the end (working days)
ladder-point-share = Time used (%)
deed-remind = Reminds
deed-urge = Urges
deed-supervise = Supervises
ladder-reach-handler = Handler
ladder-reach-chief = Head of the department
ladder-reach-desk = Coordination office
ladder-reach-oversight = Oversight office
ladder-reach-leader = Leaders
clock-dispatch = Dispatch
due-hours24 = an emergency began ({ $reason }): from here around the clock, what is left of each working day as 24 hours
due-office-hours = the emergency ended ({ $reason }): from here by working days
due-bound = an emergency that begins makes nothing later, one that ends makes nothing earlier
due-retargeted = On { $day } the limit became { $limit }
year-without-notice = The official days of { $year } are not in: due times of that year on this page are reckoned from the statutory holidays for now, and again once the days are loaded. What an enterprise was told does not come nearer.
year-load = Load them
field-grade = How hard it is
help-grade = None is ordinary; a grade has its own limits, from registration on.
ledger-appeal-retime = Limits taken from a new version
ledger-appeal-hours24 = Emergency hours began
ledger-appeal-office_hours = Emergency hours ended
notice-appeal-retimed = The limits changed, see when it is due: { $number } { $title }
notice-appeal-hours24 = Emergency hours began, it is due at another time: { $number } { $title }
notice-appeal-office_hours = Emergency hours ended, it is due at another time: { $number } { $title }
conflict-extension_ask_before = More time had to be asked for earlier before the end. Answer soon and explain.
conflict-grade_is_set = How hard it is was chosen at the first dispatch and stays.
invalid-preview_old = Things have changed since you looked; below is what it does now. Look, then confirm
invalid-only_at_once = Open appeals take part only in what holds at once
invalid-rule_for_all = Choose one condition at least; the profile for all others is set under General
invalid-unknown_number = There is no appeal { $number }
invalid-under_another = Appeal { $number } is under another disruption that still runs, and its hours stay; it can be moved when that has ended
invalid-appeal_ended = Appeal { $number } has ended
disruption-appeals = Open appeals under it
disruption-appeals-none = No open appeal is under it yet.
disruption-join = Put open appeals under it
disruption-join-hours24 = From then on hours count around the clock; nothing becomes later by it.
disruption-join-office = This disruption counts office hours; no deadline changes.
disruption-numbers = Numbers of appeals
help-disruption-numbers = Several with spaces or commas between.
flash-disruption-joined = They are under it now.
field-numbers = Numbers of appeals
settings-not-yet = to come
ledger-appeal-join_disruption = Put under a disruption
log-field-retimed = Appeals whose deadlines moved
