# Campaigns: words
reached-visited = Visited
reached-begun = More rounds to come
reached-planned = Planned
reached-declined = Declined
reached-never = Not visited

# What was done
ledger-visit-campaign = Started a campaign of visits
ledger-visit-campaign_add = Added an enterprise to a campaign
ledger-visit-campaign_end = Ended a campaign of visits
notice-visit-campaign = “{ $name }” has begun; { $n } of your enterprises are in it

# What does not hold
invalid-campaign_empty = No enterprise is found so; ask for less
invalid-campaign_many = Too many enterprises; ask for more
invalid-campaign_long = A year at most
invalid-campaign_has = This enterprise is on the list already
conflict-campaign_ended = This campaign has ended

# Pages
campaign = Campaign
campaigns = Campaigns
campaigns-line = How many enterprises were reached and who was not; officers are not ranked.
campaigns-none = There was no campaign yet.
campaign-new = Start a campaign
campaign-new-line = The list is fixed at the start; who is added later needs a reason.
campaign-name = Name
campaign-purpose = What for
campaign-period = From and to
campaign-enterprises = Enterprises
campaign-runs = Running
campaign-blocks = To be asked
help-campaign-blocks = None chosen means all
campaign-whom = Which enterprises
campaign-key = Key enterprises only
campaign-count = How many are there
campaign-found = { $n } enterprises are found so
campaign-start = Start
campaign-until = { $from } to { $to }
campaign-ended = Ended on { $day }
campaign-rounds = { $n } visits to each
campaign-all = All
campaign-none-so = There are none so.
campaign-reached = How far
campaign-goes = Who goes
campaign-nobody = Nobody is assigned
campaign-added = Added
campaign-add = Add an enterprise
campaign-add-reason = Why it is added
campaign-end = End the campaign
campaign-end-note = In short
campaign-asks = The campaign asks
overview-campaigns = Campaigns of visits
field-starts_on = First day
field-ends_on = Last day
field-rounds = Rounds
help-rounds = How many visits to each enterprise
field-industry = Industry code begins with
field-silent_days = Nobody talked to for so many days
flash-campaign-started = The campaign has begun; those who look after the enterprises are told.
flash-campaign-added = Added.
flash-campaign-ended = The campaign has ended.
