# 企业库: words
enterprise-status-active = 在区
enterprise-status-moved = 已迁出
enterprise-status-closed = 已注销
enterprise-status-contact_lost = 失联
enterprise-status-zombie = 僵尸企业
carrier-kind-park = 园区
carrier-kind-incubator = 孵化器
carrier-kind-accelerator = 加速器
carrier-kind-maker_space = 众创空间
carrier-kind-building = 楼宇
carrier-kind-workshop = 标准厂房
enterprise-tag-above_scale = 规上
enterprise-tag-four_above = 四上
enterprise-tag-high_tech = 高新技术企业
enterprise-tag-specialised = 专精特新
enterprise-tag-little_giant = 小巨人
enterprise-tag-gazelle = 瞪羚
enterprise-tag-unicorn = 独角兽
enterprise-tag-listed = 上市（后备）
enterprise-tag-foreign = 外资
enterprise-tag-supply = 保供
enterprise-tag-hazardous = 危化
enterprise-tag-construction = 建筑施工
enterprise-tag-leading = 龙头
enterprise-tag-chain_leader = 链主

# history
ledger-enterprise-create = 登记企业
ledger-enterprise-change = 修改企业资料
ledger-enterprise-status = 变更企业状态
ledger-carrier-create = 登记载体
ledger-carrier-change = 修改载体资料
ledger-contact-verify = 核实联系方式
ledger-contact-primary = 调整首要联系人
ledger-person-change = 更正人员资料
ledger-person-leave = 人员离开
todo-registry-contacts = 核实联系人和电话

# what does not hold
invalid-uscc_length = 统一社会信用代码应为 18 位，现为 { $n } 位；若证照确实如此，请写明理由后保存
invalid-uscc_character = 第 { $position } 位不是信用代码可用的字符；若证照确实如此，请写明理由后保存
invalid-uscc_look_alike = 第 { $position } 位不是信用代码可用的字符，是否为 { $expected }；若证照确实如此，请写明理由后保存
invalid-uscc_check_digit = 校验位不符，按前 17 位推算应为 { $expected }，请核对原件；若证照确实如此，请写明理由后保存
invalid-uscc_legacy = 15 位的是旧工商注册号，请填在“旧注册号”一栏
invalid-legacy_reg_no = 旧注册号为 13 至 15 位字母、数字
invalid-industry_code = 行业代码写作 C34、C3412 或 3412（GB/T 4754）
invalid-carrier_closed = 该载体已停用
conflict-carrier_in_use = 还有企业在这个载体内，请先迁出或改到别的载体。
conflict-person_left = 此人已经离开。
