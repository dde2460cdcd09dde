"""The screens: the lab itself and the small windows over it."""
