ledger-account-change_password = Password changed
ledger-account-create = Account opened
ledger-account-disable = Account disabled
ledger-account-reset_password = Password reset
ledger-department-create = Department added
ledger-person-create = Person entered
ledger-token-create = Access token issued
ledger-zone-create = Zone made
