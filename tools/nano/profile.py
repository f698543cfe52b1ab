"""How the nano base is asked: its profile, as a persona that stands on it would have it."""

from persllm.base_profile import find_profile
from persllm.bases import find_base

PROFILE = find_profile(find_base("nano"))
