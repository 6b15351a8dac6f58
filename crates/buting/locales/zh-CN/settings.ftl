# 设置
ledger-settings-set = 修改设置
visit-block-prevention = 疫情防控
visit-block-production = 生产经营
visit-block-safety = 安全生产
