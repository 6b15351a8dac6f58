-- 行业分工: the divisions of industry that are a department's duty (GB/T 4754, two
-- digits each, separated by spaces).

ALTER TABLE department ADD COLUMN industries text;
