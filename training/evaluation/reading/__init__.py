"""What an answer says, read from its text alone: verdicts, declining, facts, faults of form."""
