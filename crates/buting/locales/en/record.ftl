# Records of visits: words
tier-key = Key enterprise
tier-above_scale = Above scale
tier-general = Other enterprise
item-state-open = To be checked
item-state-held = Done
item-state-not_held = Not done
item-state-withdrawn = Withdrawn
review-state-draft = Draft
review-state-submitted = In review
review-state-returned = Returned
review-state-reviewed = Reviewed
ack-how-link = Acknowledged by link

# What was done
ledger-visit-item_again = Not done, set a new day
ledger-visit-item_withdraw = Withdrew a requirement or hazard
ledger-visit-item_give = Gave it to a colleague
ledger-visit-item_hand_over = Requirement or hazard handed over
ledger-visit-item_remind = Reminded of a requirement or hazard
ledger-visit-review = Reviewed the record of a visit
ledger-visit-unacknowledge = Took back an acknowledgement noted by mistake
ledger-visit-link = New link of a record
ledger-promise-remind = Reminded of a promise
notice-visit-item_given = { $subject }: please see to “{ $text }”
notice-visit-item_again = Record { $number }: “{ $text }” was not found done; it has a new day
notice-visit-item_withdrawn = Record { $number }: “{ $text }” is withdrawn
notice-visit-item_near = { $subject }: “{ $text }” is due within a day, please check
notice-visit-item_over = { $subject }: “{ $text }” is past its day, please check
notice-visit-returned = The record { $number } of the visit to { $subject } was returned; please mend it
notice-promise-near = { $subject }: the promise “{ $text }” is due within a day
notice-promise-over = { $subject }: the promise “{ $text }” is past its day; end it or say why
held-visit_item = Requirements and hazards
todo-hazard = See to a hazard
todo-requirement = See to a requirement
todo-visit-review = Review a record
todo-visit-returned = Mend a returned record
todo-visit-submit = Hand a record in

# What does not hold
invalid-review_off = Records are not reviewed here, so there are no drafts
invalid-note_full = The note is full; please write less
invalid-receipt_code = Number and code do not belong together. Type them as they stand on the sheet; after a new link old codes are void, ask who visited you
conflict-review_step = The record is not at this step now
conflict-not_reviewed = The record is still in review; the enterprise is asked afterwards
conflict-not_acknowledged = The record is not acknowledged
conflict-own_word = The enterprise said so itself; that is not taken back

# Who is due
visits-due = Who is due
visits-due-line = By the contact rule of each tier; a call counts. It is about enterprises, nobody is ranked.
due-all = Due
due-own = Due, mine
often-all = Called on too often
often-own = Too often, mine
due-reason = Why
due-rule = Last talked with { $n } days ago, the rule is every { $days } days
due-agreed = To be asked again on { $day }, as agreed
due-never = Nobody ever talked to it
due-none = No enterprise is due. Who is booked is not listed here.
often-none = No enterprise was called on by many departments.
often-visits = Visits
often-departments = Departments
often-material = Asked for material
often-planned = Planned
often-together = Go together
home-due = { $n ->
    [one] One of your enterprises is due to be talked to
   *[other] { $n } of your enterprises are due to be talked to
  }
home-often = { $n ->
    [one] One of your enterprises was called on too often
   *[other] { $n } of your enterprises were called on too often
  }
contact-rules = How often to talk
contact-rules-line = By tier. It only says who is due; nobody is judged by it.
field-contact_days = Days between talks
help-contact-days = Who was not talked to for longer stands under “Who is due”; 0 for no rule
field-contact_counts = What counts
field-many_departments = Departments that are too many
help-many_departments = Visits of so many departments within the days above put an enterprise under “Called on too often”; 0 does not count departments
field-item_days = Days to mend
help-item_days = For a hazard without a day, and for what was not found done
field-review = Somebody else reviews records
help-review = Leader or dispatcher pass a record before the enterprise is asked to acknowledge it; appeals do not wait for that

# The brief
brief-line = As of { $at }
brief-more = { $n } more
brief-confirmed = confirmed { $day }
brief-answers = Who answers for it
brief-nobody = Nobody yet

# Requirements and hazards
visit-items-list = Requirements and hazards
visit-items-line = On their day they are looked at again: done, or with a new day.
items-overdue = Past their day
items-mine = Mine
items-none = There are none.
item-text = What
item-due = Due
item-owner = Seen to by
item-checked = Checked on
item-again = New day after a check
item-new-due = New day
item-withdraw = Withdraw
item-give = Give to a colleague
help-item-note = Needed when not done or withdrawn; the enterprise reads it
help-item-due = When not done; the usual days, if empty
flash-item-withdrawn = Withdrawn; the enterprise is told.
flash-item-given = A colleague sees to it now.

# The word of the enterprise
ack-name = Who of the enterprise
ack-withdraw = Take back, noted by mistake
ack-withdraw-why = Why
ack-after-review = The enterprise is asked after the review.
receipt-title = Record of a visit
receipt-line = { $zone } · { $number }
receipt-ack-line = Please look through it. You confirm that you have seen it; what is not so, write below.
receipt-name = Your name
receipt-ack-go = Seen, confirmed
receipt-link = Link for the enterprise
receipt-link-line = Send it to the enterprise, which sees the record and acknowledges it without account. A new link makes the old one worthless.
receipt-link-open = Link to acknowledge
receipt-code-line = Without network, on paper: number { $number }, code { $code }. The enterprise types them under “Open by number and code” on the sign-in page.
receipt-link-renew = New link
receipt-find = Open by number and code
receipt-find-line = By the number and the code that somebody of the committee left: the record of a visit, or the result of an appeal, without account.
receipt-number = Number
help-receipt-number = Such as ZF-20261124-0001, SQ-20261124-0001
receipt-code = Code
help-receipt-code = Eight letters and digits
flash-visit-unacknowledged = Taken back.
flash-visit-link = There is a new link and a new code; the old ones are void.

# The review
visit-review = Review
visit-draft = Keep as a draft, hand in later
help-visit-draft = Appeals, promises and lights take effect at once all the same
review-added = To add
help-review-added = Goes to the end of the note
review-submit = Hand in
review-mend = Remark
help-review-mend = Needed when it is returned
review-pass = Pass
review-return = Return
flash-visit-reviewed = Done.

# Promises
promises-overdue = Past their day
own-promises = Promised to us
own-items = Asked of us

# Fields in the history
log-field-review = Review
log-field-held = Held
log-field-follows_id = Follows
log-field-how = Acknowledged by
log-field-ack_at = Acknowledged at
