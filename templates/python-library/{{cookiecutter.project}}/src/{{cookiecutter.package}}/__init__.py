"""{{ cookiecutter.package }}: see README.md."""
