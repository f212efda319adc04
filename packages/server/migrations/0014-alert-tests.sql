-- Whoever sends a test of alerts is in the audit.
ALTER TABLE audit DROP CONSTRAINT audit_action_check;
ALTER TABLE audit ADD CONSTRAINT audit_action_check CHECK (action IN ('signed_in', 'refused', 'first_read', 'user_added',
  'permission_changed', 'user_disabled', 'user_enabled', 'user_removed', 'session_created', 'session_revoked',
  'token_created', 'token_revoked', 'token_used', 'settings_changed', 'pause_begun', 'pause_ended', 'note_added',
  'alert_tested'));
