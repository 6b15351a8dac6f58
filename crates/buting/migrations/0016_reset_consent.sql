-- When the security administrator allowed the next reset of an administrator's account.
ALTER TABLE account ADD COLUMN reset_allowed_at bigint;
