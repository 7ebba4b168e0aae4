"""What people and programs are told: values -> text of 80 columns, values -> plain JSON. Nothing here decides."""
