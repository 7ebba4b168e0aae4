"""What should happen: pure functions over frozen values; standard library only.

Nothing here opens a file, asks the time, reads the environment or draws a random number.
All times are aware; `now` is UTC unless a name says otherwise. Ranges exclude their end.
"""
