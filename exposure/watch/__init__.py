"""While the attack goes on: growing logs and the chain's head are followed, and who is hit is told at once."""
