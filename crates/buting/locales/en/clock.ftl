clock-verify = Start verifying
clock-sign = Sign for
clock-objection = Object
clock-ruling = Rule on the objection
clock-answer = First answer
clock-finish = Finish
clock-assist = Assist
clock-review = Review
clock-contact = Contact after a bad rating
clock-promise = Keep the promise
clock-state-running = running
clock-state-paused = standing still
clock-state-stopped = done
light-normal = on time
light-near = near
light-behind = behind
light-overdue = overdue
light-suspended = suspended
holder-desk = Coordination office
holder-department = Department
holder-enterprise = Enterprise
holder-partner = Partner agency
holder-law = Legal procedure
due-why = why this date
due-standing-still = standing still
due-total = The limit is { $total } in all.
due-used = { $used } were used before it stopped.
due-kept = The enterprise was told this date, so it does not come nearer.
due-amount-days = { $n ->
    [one] 1 day
   *[other] { $n } days
 }
due-amount-hours = { $n } h
due-amount-minutes = { $h } h { $m } min
due-start-day = the day it began on, not counted
due-working-day = working days
due-make-up-day = make-up working day
due-weekend = weekend, not counted
due-holiday = holiday, not counted
due-holiday-named = { $name }, not counted
due-elapsed = counted around the clock
due-outside-hours = outside office hours, not counted
due-paused = standing still, waiting for: { $holder } ({ $reason })
due-closed = closed, not counted
due-end-moved = the last day is a rest day: moved on
due-extended = Extended on { $day } by { $more }, granted by { $by }
due-provisional = A year without official notice is crossed: reckoned from the statutory holidays for now. What an enterprise was told is not shortened later.
due-calendar = Calendar: { $version }
held-title = Time held (working days)
held-days = { $n ->
    [one] 1 day
   *[other] { $n } days
 }
ledger-calendar-load = Holidays loaded
invalid-calendar = Row { $row } cannot be read: { $what }
