"""What a fork server imports first: Ctrl-C is the driver's to handle, while the server imports what takes long too."""

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
