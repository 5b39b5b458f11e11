"""What the law and the protocols say: small pure functions, each dated and with its source (see `registry`)."""
