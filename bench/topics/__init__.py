"""One module a topic; `bench` says how to add one."""
