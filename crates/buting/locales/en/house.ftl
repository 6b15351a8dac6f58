# The house: what every page shares.
product = Buting
product-line = Every difficulty has somebody who answers for it; production, works and transport go on.
skip = Skip to content
nav = Work
nav-rest = Other work
crumbs = Where you are
banner = Note
banner-secrets = State secrets must not be handled here.
banner-demo = Demonstration: everything is invented or replayed from published text.

nav-home = To do
nav-board = Three lights
nav-appeals = Appeals
nav-visits = Visits
nav-enterprises = Enterprises
nav-carriers = Parks
nav-projects = Projects
nav-assignments = Assignments
nav-disruptions = Disruptions
nav-overview = Overview
nav-people = People
nav-settings = Settings
nav-accounts = Accounts
nav-jobs = Jobs
nav-privacy = Privacy
nav-access = Access log
nav-ledger = Ledger

account = My account
notices = Notices
notices-unread = Notices, { $n } unread
menu-of = Menu of { $person }
preferences = Display
lang-other = 中文
text-large = Large text
text-normal = Normal text
theme-light = Light
theme-dark = Dark
theme-auto = As the system
search = Search
search-all = Search enterprises, projects, appeals
find-about = Enterprise, project or words
search-hint = Enterprise, project, appeal, phone

# Signing in
sign-in = Sign in
sign-out = Sign out
sign-in-failed = The user name or the password is wrong, or the account is disabled. The user name is kept in the form.
help-user = For an account of another zone write name@zone.
second-factor = Second step
second-factor-line = Open your authenticator and type the six digits that it shows now. Without your phone, type a recovery code.
second-factor-go = Continue
help-code = Each number and each recovery code works once.
password-change = Change password
password-line = Choose a password that only you know. Your other devices are then signed out.
password-go = Change password
help-new-password = At least 10 characters. A sentence is fine; symbols are not needed.
field-user = User name
field-password = Password
field-code = Code
field-old = Present password
field-new = New password
field-again = New password once more
flash-password-changed = The password is changed. Other devices are signed out.
flash-signed-out = You are signed out.

# Words of buttons, forms and lists
save = Save
cancel = Cancel
back = Back
edit = Edit
add = Add
remove = Remove
confirm = Confirm
close-dialog = Not now
open = Open
print = Print
export = Export
download = Download
upload = Upload
filter = Filter
filter-clear = Clear filters
all = All
none = None
yes = Yes
no = No
today = Today
choose = Please choose
optional = optional
internal = internal
unknown = unknown
not-given = not given
dash = —
comma = ,{" "}
colon = :{" "}
actions = What you can do
timeline = Everything that happened
facts = Facts
more = More
details = Details
empty-list = No record meets the filters.
empty-next = Widen or clear the filters.
due-open = Open the explanation of the time limit
pager = Pages
pager-total = { $n ->
    [one] One record
   *[other] { $n } records
}
pager-many = More than 1,000 records
pager-next = Next page
pager-first = Back to the first page
draft-saved = Draft kept on this device, { $time }
draft-found = The draft that was kept on this device is back.
draft-drop = Drop the draft
sending = Sending
form-wrong = Something needs correcting
form-kept = Everything else is kept as you typed it. Correct and send again.

ago-now = just now
ago-minutes = { $n ->
    [one] a minute ago
   *[other] { $n } minutes ago
}
ago-hours = { $n ->
    [one] an hour ago
   *[other] { $n } hours ago
}
ago-days = { $n ->
    [one] a day ago
   *[other] { $n } days ago
}

role-leader = Leader
role-dispatcher = Dispatcher
role-officer = Officer
role-specialist = Service specialist
role-oversight = Oversight
role-agency = Partner agency
role-enterprise = Enterprise
role-project = Project owner
role-sysadmin = System administrator
role-secadmin = Security administrator
role-auditor = Audit administrator
subject-enterprise = Enterprise
subject-carrier = Park
subject-project = Project
via-page = page
via-api = API
via-link = link
via-import = import
via-rule = rule
via-command = command

# What is wrong with a field
invalid-required = fill this in
invalid-unreadable = this cannot be read; write it as the help says
invalid-taken = already taken; choose another
invalid-too_long = too long; at most { $max } characters
invalid-control_character = holds control characters that cannot be kept; remove them
invalid-range = must be between { $min } and { $max }
invalid-length = has the wrong length
invalid-unknown = there is no such choice, or not for you
invalid-not_the_same = the two are not the same
invalid-same_password = the same as the present password; choose another
invalid-wrong_password = the present password is wrong
invalid-wrong_code = wrong, or used already; type what the authenticator shows now
invalid-password_short = too short; at least 10 characters
invalid-password_long = too long; at most 128 characters
invalid-password_common = too easy to guess; choose another
invalid-password_name = must not contain the user name
invalid-phone = not a number that can be called
invalid-in_future = must not be later than now
invalid-future = must not be later than now
invalid-before_start = must not be before the start
invalid-twice = given twice
invalid-too_many = too many; at most { $max }
invalid-past = already past; give a later time
invalid-scope = there is no such scope
invalid-user_name = only letters, digits, dots, hyphens and underscores, at most 32
invalid-handle = lower-case letters, digits and hyphens
invalid-three_administrators = system, security and audit administrator must be three people

# What happened, as the title of a page or an answer
problem-home = To the first page
problem-back = Back to the record
problem-typed = What you wrote (not saved; copy it from here)
problem-invalid = Something needs correcting
problem-malformed = The request cannot be read
problem-not_found = Not found
problem-forbidden = This is for other roles
problem-unauthenticated = Please sign in
problem-session_ended = Your session has ended; please sign in again
problem-bad_credential = The credential is not valid or has expired
problem-change_password = Change the first password first
problem-second_factor = Complete the second step first
problem-wrong_code = The code is wrong or was used already
problem-wrong_credentials = The user name or the password is wrong
problem-stale = Somebody changed this record before you
problem-key_reused = This one-time key was used for another request
problem-key_reused-detail = This form was carried out before with other content; the content of now was not saved.
problem-done_before = This was done already
problem-done_before-detail = The same request is not carried out twice. Tokens, links and codes are shown once, when they are made, and cannot be shown again: if you did not keep them, revoke them and make new ones.
problem-taken = There is such a record already
problem-duplicate = There is such a record already
problem-conflict = The record does not allow this now
problem-reference = A record that is referred to does not exist
problem-too_many = Too many attempts
problem-too_many-detail = Try again in { $seconds } seconds.
problem-too_large = The content or the file is too large
problem-method_not_allowed = This address is not used in that way
problem-timeout = It took too long and was broken off
problem-media_type = What was sent is of another format
problem-media_type-detail = Only { $wanted } is read here.
problem-cross_site = The post came from another site and was not taken
problem-full = The server's disk is full
problem-unavailable = The database cannot be reached now
problem-internal = A fault of the system

# What was kept, and what to do next
help-400 = Nothing was changed. Go back and try again; if you followed a link, see whether it is complete.
help-401 = Nothing was changed. After signing in you come to the page that you wanted.
help-403 = Nothing was changed. You are signed in, but your role does not do this; if you need it, ask your system administrator.
help-404 = The record may have been merged or removed, or it is not within your reach. Use the list of jobs, or search by name.
help-405 = Nothing was changed. Use the buttons of the page.
help-408 = It did not arrive or was not done within 30 seconds. See first whether the record has changed; if not, send it again: the same form sent twice is carried out once.
help-409 = This change was not saved. Go back to the record, look at its present state and decide again.
help-done_before = What the first one did holds; this one changed nothing.
help-412 = Your change was not saved and theirs was not overwritten. Go back to the record, look at it and change it again; what you wrote is below, to be copied.
help-413 = Nothing was saved. Split the file, or bring it under 20 MB.
help-415 = Nothing was changed. Send the form of the page; programs find the formats under /api/docs.
help-cross_site = Nothing was changed. Work on the pages of this site; behind a proxy, ask your system administrator to add the address to trusted_origins.
help-422 = Nothing was saved. Go back to the form and correct it.
help-key_reused = Nothing of this was saved. Open the record and change it as it stands now; what you wrote is below, to be copied.
help-429 = Nothing was changed. This keeps others from guessing passwords; you can go on shortly.
help-500 = This was not saved; what was there before is untouched. The fault is in the log. Try again; if it persists, tell your system administrator the time.
help-503 = This was not saved; what was there before is untouched. Try again in a few seconds.
help-507 = This was not saved; what was there before is untouched and can be read. Ask your system administrator to free space.

conflict-in_progress = The same post is still being worked on. Wait a moment and look at the result.

# Saved views, columns, exports
views = My views
views-line = Filter, order and columns of a list under a name: one click brings them back, for yourself or for your department.
views-none = There is no view yet.
views-none-next = Filter any list and press Save as view.
views-manage = Manage views
view-keep = Save as view
view-keep-line = Keeps filter, order and columns as they are now, not the page you are on.
view-list = List
view-list-enterprises = Enterprises
view-list-appeals = Appeals
view-list-assignments = Assignments
view-list-projects = Key projects
view-list-carriers = Carriers
view-list-people = People
view-list-departments = Departments
view-list-visits = Visits
view-list-promises = Promises
view-list-lights = Lights
view-list-measures = Measures
view-list-milestones = Milestones
view-whose = Whose
view-mine = Mine
view-shared = Shared with the department
view-shared-short = shared
view-delete = Delete
field-list = List
field-query = Filter
field-shared = Share with my department
flash-view-kept = The view is saved.
flash-view-deleted = The view is deleted.
ledger-view-keep = Saved a view
ledger-view-delete = Deleted a view
table-saved_view = View
conflict-views_full = you have 200 views, so this one was not saved; delete one that you do not use
conflict-sheet_full = this list has more rows than a sheet holds, so nothing was exported; export CSV or narrow the filter
invalid-no_department = you belong to no department to share it with
columns = Columns
columns-legend = What the list shows, and the export with it
columns-show = Show these
columns-usual = Usual columns

# Several records at once
bulk = Several at once
bulk-with = Which records, and what is done
bulk-ticked = Those ticked above
bulk-all = All { $n } that match the filter
bulk-all-many = All that match the filter (more than 1,000)
bulk-what = What is done
bulk-preview = Preview
bulk-help = What becomes of each is listed first; nothing changes before you confirm. At most 2,000 at once.
bulk-tick-one = Tick { $name }
bulk-chosen = { $n } chosen.
bulk-sentence = { $changed } will be changed, { $left } stay as they are. Nothing is changed before you confirm.
bulk-record = Record
bulk-before = Now
bulk-after = Then
bulk-why = Why
bulk-will-change = Will be changed ({ $n })
bulk-will-stay = Stay as they are
bulk-stayed = Not changed
bulk-nothing = Nothing needs changing.
bulk-and-more = { $n } more are treated likewise and not listed one by one.
bulk-others-more = { $n } more are not listed one by one.
bulk-do = Confirm
bulk-back = Back to the list
bulk-changed = { $n } changed.
bulk-left = { $n } were not changed, for these reasons.
bulk-repeated = This was carried out before; nothing was done twice.
bulk-step-change = Changed
bulk-step-same = So already
bulk-step-stale = Just changed by somebody
bulk-step-refused = Cannot be done
bulk-why-unknown = There is no such record, or you may not see it
bulk-why-merged = Merged into another enterprise; change that one
bulk-why-record_wrong = The record holds something that does not check (such as its credit code); open it and correct that first
bulk-why-appeal_status = It does not wait to be dispatched
bulk-why-not_yours = It is not yours to dispatch
bulk-why-no_routing = Its category names no leading department; choose one
bulk-why-recusal = The complaint is about that department, which must stand aside
bulk-why-failed = This part was not done; the others are saved. Do these again later
flash-bulk-none = Nothing was ticked, and nothing was changed. Tick records first, or choose all.
invalid-bulk_either = Give items or filter, not both
field-items = Records
