# Orders of outer platforms: hotline 12345, upper levels
outer = Outer orders
outer-line = Orders from the 12345 hotline and upper platforms: taken in once, answered back in the platform's format.
outer-read = Take orders in
outer-read-line = Upload the platform's sheet or paste orders; look first, then take them in. Each number is taken in once.
outer-pasted = Pasted orders
help-outer-pasted = Rows of a sheet with their head, or text such as “工单编号：…” and “诉求内容：…”; at most 100 at once.
outer-file = Sheet of orders (XLSX, CSV)
outer-read-button = Read and check
outer-answers = Answers to orders
outer-ready = To answer back
outer-working = In hand
outer-reported = Answered back
outer-none-ready = Nothing waits to be answered back.
outer-none = No orders.
outer-answer = Result
outer-answer-text = Answer
outer-due = Due on the platform
outer-taken-at = Taken in
outer-report = Mark as answered back
outer-report-line = Export, fill in on the platform, then mark here; what is answered anew after rework is listed again.
outer-take = Check orders
outer-take-line = Nothing is kept yet. Check enterprise, category and text, then take in.
outer-take-this = Take in
outer-take-n = { $n ->
    [one] Take { $n } order in
   *[other] Take { $n } orders in
}
outer-check = Check again
outer-taken-n = { $n } taken in; those below were not, with everything that was typed.
outer-known = Taken in before
outer-no-enterprise = The register has nobody of that name: give the full name, a short name or the credit code.
outer-candidates = Perhaps
field-caller = Caller
field-caller_phone = Caller's number
invalid-no_enterprise = the register has no such enterprise; give its full name, short name or credit code, or enter it in the register first
invalid-several_enterprises = several enterprises are called so; give the full name or the credit code
invalid-taken_in = an order with this number was taken in before; nothing was kept twice
invalid-outer_no_orders = no order was found. A sheet needs the columns 工单编号 and 诉求内容, a text the labels 工单编号： and 诉求内容：
invalid-outer_too_many = { $n } orders were found, at most { $max } are taken at once
invalid-outer_file = the file cannot be read. Save it as XLSX or CSV (not encrypted, up to 20 MB) and choose it again
flash-outer-taken = Taken in; they wait to be dispatched.
flash-outer-none = No order was chosen; nothing has changed.
flash-outer-reported = Marked as answered back.
ledger-appeal-report = Answered back on the outer platform
log-field-outer_number = Outer number
