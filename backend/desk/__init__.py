"""The desk: what people arrange for themselves. No part of any case; history tells only of what is shared."""
