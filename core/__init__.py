"""What every stage agrees on; imports nothing of ours."""
