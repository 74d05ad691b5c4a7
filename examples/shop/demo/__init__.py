"""The shop, run whole on this machine: `python -m shop.demo`, from the folder above."""
