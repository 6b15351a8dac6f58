# Settings
ledger-settings-set = changed a setting
visit-block-prevention = Epidemic prevention
visit-block-production = Production and business
visit-block-safety = Work safety
ledger-settings-zone = changed settings of the zone
settings-line = Rules are data. A change holds for what comes; what has begun keeps its version.
settings-office = General
settings-categories = Categories and routing
settings-limits = Limits
settings-calendar = Calendar
settings-blocks = Blocks of a visit
settings-roles = Roles and scopes
settings-protection = Protection and retention
settings-protection-who = Set by the security administrator.
settings-label = Word for who answers
settings-label-help = What pages and papers call the tie of leader, department and officer to an enterprise.
settings-profile = Limits
settings-profile-help = The usual one for enterprises' appeals; what comes from 12345 follows the hotline's.
settings-contact-name = Name or department
settings-contact-phone = Telephone
settings-contact-address = Address
settings-totp = Administrators and approvers need a second factor
settings-totp-help = It holds at once: their next click leads them to setting up an authenticator, before anything else.
settings-person-days = Days for which people who left are kept
settings-person-days-help = Then name and contact are erased; 30 to 3650.
settings-log-months = Months for which the log of accesses is kept
settings-log-months-help = The law asks for 6 at least.
settings-categories-line = Categories that an appeal may have, and where it usually goes. The dispatcher may send it elsewhere.
settings-category = Category
settings-category-edit = Change or add a category
settings-lead = Lead department
settings-assist = Assisting departments
settings-by-hand = the dispatcher decides
settings-offered = Offered
settings-key = Word
settings-key-help = Lower-case letters, digits, underscores; yours to choose, never changed afterwards.
settings-name = Name
settings-name-help = May be left out for those that came with the program; needed for new ones.
settings-retired = No longer offered (records keep it)
settings-versions = Versions ({ $n })
settings-version = Version
settings-from = From
settings-to = To
settings-now = in force
settings-body = Content
settings-limits-line = In how many days an appeal is signed, answered, finished. A change holds for those that come.
settings-limits-help = Working days unless said; leave empty for no such limit.
settings-longest = Longest with extensions
settings-extensions = Extensions at most
settings-silence = Silence counts as accepted after
settings-reopen = May be reopened for
settings-approvers = Grants extensions
settings-working-days = { $n ->
    [one] 1 working day
   *[other] { $n } working days
  }
settings-calendar-days = { $n ->
    [one] 1 day
   *[other] { $n } days
  }
settings-hours-n = { $n ->
    [one] 1 hour
   *[other] { $n } hours
  }
settings-minutes-n = { $n ->
    [one] 1 minute
   *[other] { $n } minutes
  }
settings-calendar-line = { $year } has { $n } working days. Below: days that are not as the week has them.
settings-year-missing = The official days of { $year } are not loaded; the statutory holidays are used for now. The notice usually comes in November: load it then.
settings-official = official
settings-provisional = provisional
settings-weekday = Weekday
settings-works = Day
settings-work = worked
settings-off = off
settings-load = Load official days
settings-official-days = Official days
settings-official-help = Paste the JSON of holiday-cn, or lines of date, off or work, and name separated by tabs. Open deadlines are reckoned again; what an enterprise was told is never shortened.
settings-hours = Office hours
settings-hours-help = Such as 08:30-12:00 13:30-17:30
settings-days = Days of this place
settings-days-help = One a line, such as “2026-11-05 off power cut” or “2026-11-07 work”. A lockdown does not belong here: suspend the appeal instead.
settings-blocks-line = The blocks in which a visit is written down. Add what is needed, such as flood or power.
settings-block-edit = Change or add
settings-position = Order
settings-roles-line = Who has which role and how far it reaches. The security administrator gives them under accounts.
settings-person = Name
settings-department = Department
settings-scope = Scope
settings-enabled = enabled
settings-disabled = disabled
reach-all = the whole zone
reach-departments = listed departments
reach-department = own department
reach-assignments = own assignments
reach-enterprise = own enterprise
reach-project = own project
reach-work_order = one work order
profile-shandong_enterprise = Shandong, enterprises
profile-jinan_12345 = Jinan, hotline 12345
profile-jinan_biz_env = Jinan, business environment
profile-zaozhuang_enterprise = Zaozhuang, enterprises
profile-quanzhou_2022 = Quanzhou 2022
weekday-1 = Mon
weekday-2 = Tue
weekday-3 = Wed
weekday-4 = Thu
weekday-5 = Fri
weekday-6 = Sat
weekday-7 = Sun
flash-settings-kept = Saved.
invalid-hours = cannot be read; write 08:30-12:00 13:30-17:30, in order, without overlap
invalid-day_line = line { $row } cannot be read; write “2026-11-05 off name”
conflict-last_visit_block = A visit needs one block at least
todo-calendar-load = : the official days are not loaded
log-field-assignment_label = Word for who answers
log-field-limit_profile = Limits
log-field-privacy_contact = Contact for personal data
log-field-require_totp = Second factor
log-field-person_days = Days people who left are kept
log-field-access_log_months = Months of access log
