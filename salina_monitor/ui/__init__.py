"""What people see: one file a section, each taking value objects and painting them."""
