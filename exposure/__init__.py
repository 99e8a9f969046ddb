"""Find out who a web3 front-end compromise exposed, what they did and when, and what to tell them."""

__version__ = "0.1.0"
