"""How colleagues come in: by password or mailed code, and with a new password after an invitation."""
