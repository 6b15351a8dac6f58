# Register: words
enterprise-status-active = active
enterprise-status-moved = moved away
enterprise-status-closed = closed
enterprise-status-contact_lost = out of contact
enterprise-status-zombie = dormant
carrier-kind-park = park
carrier-kind-incubator = incubator
carrier-kind-accelerator = accelerator
carrier-kind-maker_space = maker space
carrier-kind-building = office building
carrier-kind-workshop = standard workshop
enterprise-tag-above_scale = above designated size
enterprise-tag-four_above = four-above
enterprise-tag-high_tech = high-tech
enterprise-tag-specialised = specialised and new
enterprise-tag-little_giant = little giant
enterprise-tag-gazelle = gazelle
enterprise-tag-unicorn = unicorn
enterprise-tag-listed = listed or about to be
enterprise-tag-foreign = foreign-invested
enterprise-tag-supply = essential supply
enterprise-tag-hazardous = hazardous chemicals
enterprise-tag-construction = construction
enterprise-tag-leading = leading
enterprise-tag-chain_leader = chain leader

# history
ledger-enterprise-create = entered the enterprise
ledger-enterprise-change = changed the enterprise's facts
ledger-enterprise-status = changed the enterprise's status
ledger-carrier-create = entered the carrier
ledger-carrier-change = changed the carrier's facts
ledger-contact-verify = verified a contact
ledger-contact-primary = changed whom to call first
ledger-person-change = corrected a person
ledger-person-leave = noted that a person has left
todo-registry-contacts = Check your contacts and their numbers

# what does not hold
invalid-uscc_length = A credit code has 18 characters, this one { $n }; if the licence really says so, give a reason and save
invalid-uscc_character = Character { $position } cannot occur in a credit code; if the licence really says so, give a reason and save
invalid-uscc_look_alike = Character { $position } cannot occur in a credit code, perhaps { $expected }; if the licence really says so, give a reason and save
invalid-uscc_check_digit = The check digit does not fit: the first 17 give { $expected }. Compare with the licence; if it really says so, give a reason and save
invalid-uscc_legacy = 15 digits are an old registration number; enter it in its own field
invalid-legacy_reg_no = An old registration number has 13 to 15 letters and digits
invalid-industry_code = Write the industry as C34, C3412 or 3412 (GB/T 4754)
invalid-carrier_closed = This carrier is closed
conflict-carrier_in_use = Enterprises still sit in this carrier. Move them first.
conflict-person_left = This person has left already.
