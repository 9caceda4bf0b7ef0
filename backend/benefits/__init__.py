"""What families are given: condolence at festivals (subsidies and aid funds come next)."""
