# Settings
ledger-settings-set = changed a setting
visit-block-prevention = Epidemic prevention
visit-block-production = Production and business
visit-block-safety = Work safety
