"""Understanding what comes back: a mail's bytes -> a `Verdict`. Pure; reads nothing and does nothing.

`read_mail` says what a mail is; `matching` says whose it is; what follows from both is decided elsewhere.
"""
