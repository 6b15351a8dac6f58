# Assignment: words
duty-lead_leader = Leader
duty-lead_dept = Lead department
duty-officer = Officer
duty-assist_dept = Assisting department
duty-stand_in = Stand-in
end-reason-changed = Changed
end-reason-moved = Moved to another post
end-reason-left = Left
end-reason-reorganised = Reorganised
end-reason-expired = Ran out
end-reason-closed = Enterprise gone, project finished
end-reason-mistake = Entered by mistake
gap-no_leader = No leader
gap-no_department = No lead department
gap-no_officer = No officer
gap-leader_left = Leader has left
gap-department_closed = Department is closed
gap-officer_left = Officer has left
gap-expired = Ran out
assignment-warning-officer_outside_lead_dept = The officer is not of the lead department
assignment-warning-holder_left = Has left
assignment-warning-expired = Ran out
assignment-step-open = New
assignment-step-change = Changed
assignment-step-same = As it is
assignment-step-stays = The present one stays
assignment-because-neighbours = { $name } already answers for { $n } in the same carrier; one face for all of it. Load { $before } → { $after }.
assignment-because-least_loaded = { $name } has the least to answer for. Load { $before } → { $after }.
# history and notices
ledger-assignment-open = Assigned
ledger-assignment-change = Changed who answers
ledger-assignment-end = Ended an assignment
ledger-assignment-renew = Changed the term
notice-assignment-assigned = You answer for { $subject } ({ $role ->
    [lead_leader] leader
    [lead_dept] lead department
    [officer] officer
    [assist_dept] assisting department
   *[stand_in] stand-in
  })
notice-assignment-assigned_many = You now answer for { $n } more, among them { $subject }
notice-assignment-relieved = You no longer answer for { $subject }
notice-assignment-relieved_many = You no longer answer for { $n }, among them { $subject }
notice-assignment-answers = Your { $role ->
    [lead_leader] leader
    [lead_dept] lead department
    [officer] officer
   *[stand_in] stand-in
  } is now { $name }, telephone { $phone }
todo-assignment-gaps = Find who answers (subjects)
todo-assignment-expires = The term runs out: renew or hand over
# what does not hold
invalid-person_left = This person has left
invalid-person_outside = This person is not of the committee
invalid-department_closed = This department is closed
invalid-department_partner = A partner agency may assist but not lead
invalid-not_for_role = Not wanted for this role
invalid-overlap = Overlaps the time of the one before
invalid-same_person = Both are the same person
invalid-either_or = Either end it or name who follows
conflict-assignment_held = Somebody holds this place already; change it instead
conflict-assignment_same = The same holds it already
conflict-assignment_ended = This assignment has ended
conflict-assignment_moved_on = Assignments have changed since the preview; look at it again
conflict-nothing_to_hand_over = This person holds nothing now
