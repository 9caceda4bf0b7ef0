"""Documents for people: .docx in the official layout (GB/T 9704-2012), .xlsx registers."""
