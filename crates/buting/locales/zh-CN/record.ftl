# 走访记录: words
tier-key = 重点企业
tier-above_scale = 规上企业
tier-general = 其他企业
item-state-open = 待复查
item-state-held = 已落实
item-state-not_held = 未落实
item-state-withdrawn = 已撤回
review-state-draft = 草稿
review-state-submitted = 待审核
review-state-returned = 已退回
review-state-reviewed = 已审核
ack-how-link = 企业凭链接确认

# What was done
ledger-visit-item_again = 未落实，重定期限
ledger-visit-item_withdraw = 撤回要求或隐患
ledger-visit-item_give = 更换跟进人
ledger-visit-item_hand_over = 要求隐患跟进人交接
ledger-visit-item_remind = 提醒要求或隐患到期
ledger-visit-review = 审核走访记录
ledger-visit-unacknowledge = 撤销误记的企业确认
ledger-visit-link = 更换确认链接
ledger-promise-remind = 提醒承诺到期
notice-visit-item_given = { $subject }：请跟进“{ $text }”
notice-visit-item_again = 走访记录 { $number }：“{ $text }”复查未落实，已重定期限
notice-visit-item_withdrawn = 走访记录 { $number }：“{ $text }”已撤回，不再要求
notice-visit-item_near = { $subject }：“{ $text }”一天内到期，请复查
notice-visit-item_over = { $subject }：“{ $text }”已过期限，请复查
notice-visit-returned = { $subject } 的走访记录 { $number } 被退回，请补正
notice-promise-near = { $subject }：承诺“{ $text }”一天内到期
notice-promise-over = { $subject }：承诺“{ $text }”已到期，请办结或说明原因
held-visit_item = 要求和隐患
todo-hazard = 跟进隐患
todo-requirement = 跟进要求
todo-visit-review = 审核走访记录
todo-visit-returned = 补正被退回的走访记录
todo-visit-submit = 提交走访记录

# What does not hold
invalid-review_off = 本区走访记录不审核，不能存为草稿
invalid-note_full = 随手记已满，请写短一些
invalid-receipt_code = 编号和确认码对不上。请按单子上的原样填写；换过链接的，旧码作废，请联系走访人员
conflict-review_step = 这份记录现在不在这一步
conflict-not_reviewed = 这份记录还在审核，审核后再请企业确认
conflict-not_acknowledged = 这份记录还没有确认
conflict-own_word = 这是企业自己确认的，不能撤销

# Who is due
visits-due = 该联系谁
visits-due-line = 按企业分类的联系规则，打电话也算。只看企业，不排名次。
due-all = 该联系的
due-own = 我包联的
often-all = 来得太勤的
often-own = 我包联的里面
due-reason = 原因
due-rule = 上次联系是 { $n } 天前，规定每 { $days } 天一次
due-agreed = 上次约好 { $day } 再联系
due-never = 从未联系
due-none = 没有到期该联系的企业。已约好的不在这里。
often-none = 没有被多个部门反复上门的企业。
often-visits = 上门次数
often-departments = 来过的部门
often-material = 要求准备材料
often-planned = 待访
often-together = 看能否一起去
home-due = 您包联的企业中有 { $n } 家该联系了
home-often = 您包联的企业中有 { $n } 家近来上门过多
contact-rules = 多久联系一次
contact-rules-line = 按企业分类定。只提醒该联系谁，不作考核。
field-contact_days = 最多隔几天
help-contact-days = 超过这些天没有联系就列入“该联系谁”；0 为不定规则
field-contact_counts = 哪些方式算联系
field-many_departments = 几个部门算多
help-many_departments = 按上面的天数，有这么多部门先后上门就列入“来得太勤的”；0 为不看部门数
field-item_days = 整改默认天数
help-item_days = 没写期限的隐患、复查未落实的事项，按这些天定期限
field-review = 走访记录要经他人审核
help-review = 打开后，记录由领导或调度员审核通过再请企业确认；诉求照常办理，不等审核

# The brief
brief-line = 截至 { $at }
brief-more = 还有 { $n } 条
brief-confirmed = { $day } 核实
brief-answers = 谁负责
brief-nobody = 还没有责任人

# Requirements and hazards
visit-items-list = 要求和隐患
visit-items-line = 到期要复查：落实的了结，未落实的重定期限。
items-overdue = 过期未复查
items-mine = 我跟进的
items-none = 没有这样的要求和隐患。
item-text = 事项
item-due = 整改期限
item-owner = 跟进人
item-checked = 复查日期
item-again = 复查未落实后重定
item-new-due = 新期限
item-withdraw = 撤回
item-give = 换跟进人
help-item-note = 未落实或撤回的，必须写明情况，企业看得到
help-item-due = 未落实时填；不填按默认天数
flash-item-withdrawn = 已撤回，并告知企业。
flash-item-given = 已换跟进人。

# The word of the enterprise
ack-name = 企业由谁确认
ack-withdraw = 撤销误记的确认
ack-withdraw-why = 为什么撤销
ack-after-review = 审核通过后请企业确认。
receipt-title = 走访记录确认
receipt-line = { $zone } · { $number }
receipt-ack-line = 请核对上面的内容。确认只表示已看到；不属实的请写在下面。
receipt-name = 您的姓名
receipt-ack-go = 已看到，确认
receipt-link = 给企业的确认链接
receipt-link-line = 把链接发给企业，不用账号就能看记录、作确认。发错了就换新链接，旧的作废。
receipt-link-open = 确认链接
receipt-code-line = 没有网络时写在单子上：编号 { $number }，确认码 { $code }。企业在登录页点“凭编号和确认码查看”后填写。
receipt-link-renew = 换新链接
receipt-find = 凭编号和确认码查看
receipt-find-line = 凭走访人员或经办人留下的编号和确认码，查看走访记录或诉求办理结果，不用账号。
receipt-number = 编号
help-receipt-number = 如 ZF-20261124-0001、SQ-20261124-0001
receipt-code = 确认码
help-receipt-code = 八位字母和数字
flash-visit-unacknowledged = 已撤销误记的确认。
flash-visit-link = 已换新链接和确认码，旧的作废。

# The review
visit-review = 审核
visit-draft = 先存草稿，以后再提交审核
help-visit-draft = 诉求、承诺和状态照样马上入账
review-added = 补充说明
help-review-added = 加在随手记后面
review-submit = 提交审核
review-mend = 审核意见
help-review-mend = 退回的，必须写明要补正什么
review-pass = 通过
review-return = 退回
flash-visit-reviewed = 已办理。

# Promises
promises-overdue = 过期未兑现
own-promises = 对我们的承诺
own-items = 要我们做的

# Fields in the history
log-field-review = 审核
log-field-held = 是否落实
log-field-follows_id = 接续的前一条
log-field-how = 确认方式
log-field-ack_at = 确认时间
