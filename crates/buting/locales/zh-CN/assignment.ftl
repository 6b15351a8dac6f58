# 包联: words
duty-lead_leader = 包联领导
duty-lead_dept = 牵头部门
duty-officer = 经办人
duty-assist_dept = 协助部门
duty-stand_in = 代岗人员
end-reason-changed = 调整
end-reason-moved = 调离岗位
end-reason-left = 离职
end-reason-reorganised = 机构改革
end-reason-expired = 到期
end-reason-closed = 企业迁出注销、项目竣工
end-reason-mistake = 登记有误
gap-no_leader = 无包联领导
gap-no_department = 无牵头部门
gap-no_officer = 无经办人
gap-leader_left = 领导已离任
gap-department_closed = 部门已撤销
gap-officer_left = 经办人已离岗
gap-expired = 已到期
assignment-warning-officer_outside_lead_dept = 经办人不属于牵头部门
assignment-warning-holder_left = 本人已离岗
assignment-warning-expired = 已到期
assignment-step-open = 新增
assignment-step-change = 调整
assignment-step-same = 不变
assignment-step-stays = 保留原责任人
assignment-because-neighbours = { $name } 已负责同一载体内 { $n } 家，由同一家牵头；负担由 { $before } 增至 { $after }。
assignment-because-least_loaded = { $name } 目前负担最轻；负担由 { $before } 增至 { $after }。
# history and notices
ledger-assignment-open = 确定责任人
ledger-assignment-change = 调整责任人
ledger-assignment-end = 终止责任关系
ledger-assignment-renew = 更新期限
notice-assignment-assigned = 您负责 { $subject }（{ $role ->
    [lead_leader] 包联领导
    [lead_dept] 牵头部门
    [officer] 经办人
    [assist_dept] 协助部门
   *[stand_in] 代岗人员
  }）
notice-assignment-assigned_many = 您新负责 { $subject } 等 { $n } 家单位
notice-assignment-relieved = { $subject } 不再由您负责
notice-assignment-relieved_many = { $subject } 等 { $n } 家单位不再由您负责
notice-assignment-answers = 您的{ $role ->
    [lead_leader] 包联领导
    [lead_dept] 牵头部门
    [officer] 经办人
   *[stand_in] 代岗人员
  }现为 { $name }，电话 { $phone }
todo-assignment-gaps = 补齐责任人（家数）
todo-assignment-expires = 责任期限将到，请续期或交接
# what does not hold
invalid-person_left = 此人已离岗
invalid-person_outside = 此人不是管委会工作人员
invalid-department_closed = 该部门已撤销
invalid-department_partner = 协同部门不能牵头，只能协助
invalid-not_for_role = 该角色不需要此项
invalid-overlap = 与前一责任人的任期重叠
invalid-same_person = 交接双方是同一人
invalid-either_or = 终止和换人不能同时进行
conflict-assignment_held = 该单位已有这一责任人，请用“调整”
conflict-assignment_same = 责任人没有变化
conflict-assignment_ended = 这一责任关系已终止
conflict-assignment_moved_on = 预览之后责任关系有变动，请重新预览
conflict-nothing_to_hand_over = 此人目前没有负责的单位
