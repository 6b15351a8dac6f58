# 大走访: words
reached-visited = 已走访
reached-begun = 尚差轮次
reached-planned = 已约
reached-declined = 企业婉拒
reached-never = 未走访

# What was done
ledger-visit-campaign = 开展大走访
ledger-visit-campaign_add = 大走访增补企业
ledger-visit-campaign_end = 结束大走访
notice-visit-campaign = “{ $name }”已开始，您包联的企业有 { $n } 家在内

# What does not hold
invalid-campaign_empty = 按这些条件没有找到企业，请放宽条件
invalid-campaign_many = 企业太多，请收紧条件
invalid-campaign_long = 最长一年
invalid-campaign_has = 这家企业已在名单里
conflict-campaign_ended = 这次大走访已经结束

# Pages
campaign = 大走访
campaigns = 大走访
campaigns-line = 看走到了多少企业、还有谁没走到，不给干部排名。
campaigns-none = 还没有开展过大走访。
campaign-new = 开展大走访
campaign-new-line = 开始时按条件定下名单；以后增补的要写明原因。
campaign-name = 名称
campaign-purpose = 目的
campaign-period = 起止
campaign-enterprises = 企业数
campaign-runs = 进行中
campaign-blocks = 走访时要问
help-campaign-blocks = 不选就是全部栏目
campaign-whom = 走访哪些企业
campaign-key = 只走访重点企业
campaign-count = 看看有多少家
campaign-found = 符合条件的有 { $n } 家
campaign-start = 开始
campaign-until = { $from } 至 { $to }
campaign-ended = 已于 { $day } 结束
campaign-rounds = 每家走访 { $n } 轮
campaign-all = 全部
campaign-none-so = 没有这样的企业。
campaign-reached = 进度
campaign-goes = 谁去
campaign-nobody = 无人包联
campaign-added = 增补
campaign-add = 增补企业
campaign-add-reason = 增补原因
campaign-end = 结束大走访
campaign-end-note = 小结
campaign-asks = 大走访要问
overview-campaigns = 大走访进度
field-starts_on = 开始日期
field-ends_on = 结束日期
field-rounds = 轮次
help-rounds = 每家企业走访几次
field-industry = 行业代码开头
field-silent_days = 多少天没联系过
flash-campaign-started = 大走访已开始，并告知包联干部。
flash-campaign-added = 已增补。
flash-campaign-ended = 大走访已结束。
