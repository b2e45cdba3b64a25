"""Run the SDKs' own sample programs and test suites against the emulator, as they were published."""
