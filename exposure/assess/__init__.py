"""Tables -> sinks, attack_rates, windows, losses, evidence, wallets. Pure: no files, no network, no clock."""
