"""Aid funds (P10): donations and their conditions, stock, study aid, the charity shop, micro-loans."""
