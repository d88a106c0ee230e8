"""The commands of the command line, one module each; the table of them is :mod:`gitops.cli`."""
