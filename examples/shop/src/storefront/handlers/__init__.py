"""The functions of `template.yaml`: thin handlers, which call the services beside this folder."""
