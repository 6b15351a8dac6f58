# 约访: words
plan-state-countered = 企业另提时间
calendar-view-month = 月
calendar-view-week = 周

# What was done
ledger-visit-counter = 企业另提走访时间
ledger-visit-move = 改约走访
ledger-visit-fulfil = 完成走访
ledger-visit-join = 加入约访
ledger-visit-leave = 退出约访
ledger-visit-feed = 日历订阅链接
notice-visit-countered = { $subject } 另提了时间：{ $purpose }
notice-visit-moved = 走访时间有变：{ $purpose }
notice-visit-cancelled = 走访已取消：{ $purpose }
notice-visit-joining = 来访人员有变：{ $purpose }
notice-visit-joined = { $name } 加入了 { $subject } 的约访：{ $purpose }
notice-visit-left = { $name } 退出了 { $subject } 的约访：{ $purpose }
todo-plan-countered = 企业另提了时间
todo-plan-unanswered = 约访未获答复

# What does not hold
invalid-over_cap = { $days } 天内上门已满 { $n } 次，请改用电话、加入已有约访，或写明为什么还要去
invalid-same_time = 时间没有变
conflict-plan_joined = 您已在这次约访里
conflict-plan_not_joined = 您不在这次约访里

# Pages
plans-unanswered = 未获答复
plans-over-cap = 超次约访
plan-other-at = 另提时间
field-other_at = 另提时间
plan-counter = 另提时间
plan-answer = 答复
plan-move = 改约
plan-together = 一起去
plan-together-line = 别的部门要去，可以加入这次约访，不必另约。
plan-join-line = 加入后企业和约访人会收到通知。
plan-join = 加入这次约访
plan-leave = 退出这次约访
plan-over-cap = 超过本区规定的上门次数
plan-link = 企业没有账号
plan-link-line = 把下面的链接发给企业，不用登录就能同意、另提时间或婉拒。
plan-link-open = 企业答复链接
invitation = 来访预约
invitation-line = { $zone }拟走访 { $subject }
invitation-free = 可以同意、另提时间，也可以婉拒，不需要准备材料。
invitation-over = 这次预约已经了结，无需答复。
calendar = 走访日历
calendar-month = { $year }年{ $month }月
calendar-week = { $day } 这一周
calendar-count = { $n } 次约访
calendar-by-month = 按月
calendar-by-week = 按周
calendar-mine = 只看我的
calendar-person = 人员
calendar-turn = 翻页
calendar-before = 上一页
calendar-today = 今天
calendar-after = 下一页
calendar-none = 这段时间没有约访。
feed = 订阅到手机日历
feed-line = 把链接填进手机或电脑日历的“订阅”里。链接只属于您，谁拿到谁就看得到；泄露了就收回。
feed-link = 我的日历链接
feed-open = 生成链接
feed-renew = 换新链接
feed-revoke = 收回链接
flash-plan-moved = 已改约，并告知企业。
flash-plan-joined = 已加入这次约访。
flash-plan-left = 已退出这次约访。
flash-feed-set = 日历链接已更新。
settings-visits = 走访规则
settings-visits-line = 不拿次数考核，也不让企业反复接待。
field-cap = 上门次数上限
help-cap = 一家企业在下面的天数内，各部门合计最多上门几次；0 为不限。电话、视频不算，应急走访不受限
field-cap_days = 按多少天计
field-answer_days = 几天未答复提醒约访人
help-answer_days = 企业没有答复的约访，过了这些天列给约访人
