"""Files for those who can help, and for other teams' programs. Nothing is sent."""
