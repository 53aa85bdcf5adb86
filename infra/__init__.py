"""Where Foretell runs: the local platform, and the AWS stack."""
