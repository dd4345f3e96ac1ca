"""One migration a file; its leading number is its revision: `0001` for `0001_configuration.py`."""
