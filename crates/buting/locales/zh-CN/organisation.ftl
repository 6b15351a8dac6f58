ledger-account-change_password = 修改密码
ledger-account-create = 开设账号
ledger-account-disable = 停用账号
ledger-account-reset_password = 重设密码
ledger-department-create = 新建部门
ledger-person-create = 登记人员
ledger-token-create = 签发访问令牌
ledger-zone-create = 建立工作区
