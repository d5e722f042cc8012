"""A walk of kills and faults through the whole house: `python -m tests.chaos --minutes 10 --seed 1`."""
