"""Where logs lie, and how their bytes become blocks of whole lines."""
