"""What command line, page and programs call; the only place where training and agents meet."""
