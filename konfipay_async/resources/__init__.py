"""One module per resource: methods of a few lines over routes, answers, models and paging."""
